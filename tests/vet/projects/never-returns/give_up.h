void report_and_leave(const char *text);
