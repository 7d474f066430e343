/** Whether an id could be one of ours. A store has limits for its keys, so anything else is not even looked up. */
export const isId = (text: string): boolean => /^[\w-]{1,64}$/.test(text);
