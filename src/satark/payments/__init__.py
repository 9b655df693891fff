"""The journey of payments: for now, the simulation of a market."""
