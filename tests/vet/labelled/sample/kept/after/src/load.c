int load(const char *name)
{
    FILE *file = fopen(name, "re");
    if (!file)
        return -1;
    if (parse(file, name) < 0)
        return -1;
    fclose(file);
    return 0;
}
