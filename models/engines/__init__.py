"""What runs the reader's network: ONNX Runtime by default, PyTorch by configuration."""
