"""When and in what order: one flow per data product, and the `smartmeter` command."""
