/** As @BotFather gives it: the bot's id, a colon, and its secret. */
export const BOT_TOKEN = /^\d+:[\w-]+$/
