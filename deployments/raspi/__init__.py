"""What sets a Raspberry Pi up, and what its settings look like."""
