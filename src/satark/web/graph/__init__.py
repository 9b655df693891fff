"""The graph of what shares events with what: a page, a panel for cases, and the data that its script asks for."""
