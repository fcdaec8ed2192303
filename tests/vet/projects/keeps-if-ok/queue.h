int enter(struct queue *queue, char *text);
