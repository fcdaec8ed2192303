int start_listening(int fd, int backlog);
