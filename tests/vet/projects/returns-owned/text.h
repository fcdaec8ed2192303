char *joined(const char *a, const char *b);
char *title_of(const char *name);
