int read_text(const char *name, char **text);
int next_text(struct source *source, char **text);
