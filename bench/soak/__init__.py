"""A long run at a large hospital's peak: what is sent, what is seen meanwhile, and what came of it."""
