"""How the reader is trained: pool of strips, stem on single drums, whole model, export; `python -m models.training`."""
