"""How large a Teleradyoloji grows and what breaks first: arithmetic and a day's queues, from stated assumptions."""
