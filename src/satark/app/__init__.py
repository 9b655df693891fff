"""Settings and wiring: the only folder that knows all the others."""
