int load(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    if (parse(file) < 0)
        return -1;
    fclose(file);
    return 0;
}
