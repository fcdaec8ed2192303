void remember(struct list *list, char *text);
