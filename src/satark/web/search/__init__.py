"""One search over decisions, cases and things."""
