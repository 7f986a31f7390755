/** One stable entry in Telegram's list of devices. */
export const DEVICE = { deviceModel: 'tgsession', systemVersion: 'Node.js', appVersion: '1.0' }
