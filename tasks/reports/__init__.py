"""Pure drawing: data in, charts and pages out."""
