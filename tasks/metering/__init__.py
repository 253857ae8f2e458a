"""Pure knowledge of meters: registers, series decoding, intervals, load profiles. No Prefect, no I/O."""
