"""How and where it runs: the catalogue of deployments."""
