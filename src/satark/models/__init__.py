"""What was learnt: model artefacts, training, serving, explanation. No input or output but of bytes given."""
