"""The study: joules of training at equal quality, frontier against frontier, algorithm and hardware told apart."""
