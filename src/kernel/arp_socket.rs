//! arp_socket.
