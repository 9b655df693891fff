"""The page of one decision: why it came out as it did, where it happened, and what would have changed it."""
