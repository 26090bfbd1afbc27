//! Log lines to journald, syslog and the terminal, written by a thread of their own.
