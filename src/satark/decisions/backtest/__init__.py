"""What a policy would have done with past events: figures, a comparison with another policy, a report."""
