"""The tables of the desk database, one module per area."""
