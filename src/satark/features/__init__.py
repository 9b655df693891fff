"""What the past says: exact windows per entity, places and lists."""
