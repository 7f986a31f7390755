/** The api_ids of official and well-known apps, which many copy. Source: their public code; what Telegram does: not-banned. */
const BORROWED = new Map([
  [4, 'Telegram for Android'],
  [6, 'Telegram for Android'],
  [8, 'Telegram for iOS'],
  [2040, 'Telegram Desktop'],
  [2496, 'Telegram Web'],
  [2834, 'Telegram for macOS'],
  [10_840, 'Telegram for iOS'],
  [17_349, "Telegram Desktop's sample"],
  [21_724, 'Telegram X'],
])

/** What is wrong with an api_id that is another app's; undefined for one's own. */
export function borrowedApiId(apiId: number): { message: string; hint: string } | undefined {
  const app = BORROWED.get(apiId)
  if (app === undefined) return undefined
  return {
    message: `api_id ${apiId} is that of ${app}: Telegram bans accounts that log in with it from another program`,
    hint: 'Make your own at https://my.telegram.org, and log in with that.',
  }
}
