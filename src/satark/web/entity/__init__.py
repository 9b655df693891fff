"""Cards, devices, people and places: how pages name them, and the page of each."""
