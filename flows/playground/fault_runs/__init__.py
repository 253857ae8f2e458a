"""Random runs of agent, store and server with everything going wrong that can.

A round is: pictures are taken, the agent uploads, the server fetches, reads back and frees the store. In
each, processes are killed and the power is cut between any two changes of a disk, replies are lost, bytes
flip and bodies end early, others write under our names, clocks jump. Afterwards every picture that was
promised must still be somewhere, whole; after some rounds of peace all are in the archive, once, and
nothing else is left.
"""
