"""The window kernel: one compiled implementation, online and in bulk."""
