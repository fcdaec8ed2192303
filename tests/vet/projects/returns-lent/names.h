char *open_name(struct entry *entry);
