"""The program that holds a Raspberry Pi's camera, and dies in the agent's stead."""
