"""From picture to candidates with probabilities: window, recognizer, rendering, training."""
