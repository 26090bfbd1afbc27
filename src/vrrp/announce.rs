//! gratuitous ARP and neighbour advertisement schedule.
