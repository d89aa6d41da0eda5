"""HL7 servers of others, each as its own documentation shows it and doing the least that answers a message."""
