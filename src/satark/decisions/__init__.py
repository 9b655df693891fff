"""Decide one event, replay many: the engine around the windows and the rules."""
