int load(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    int status = parse(file);
    fclose(file);
    return status;
}
