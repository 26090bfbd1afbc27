//! vrrp_socket.
