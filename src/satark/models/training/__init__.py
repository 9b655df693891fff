"""From past payments with their labels to a model file: inputs, splits, trees, calibration, the model card."""
