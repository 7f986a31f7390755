import type { FakeChannel } from '../options.ts'

/** A post in a channel; `pts` is the channel's counter after it. */
export interface Post {
  id: number
  text: string
  date: number
  pts: number
}

/** A broadcast channel that every account follows. */
export class Channel {
  readonly id: bigint
  readonly title: string
  readonly username: string | undefined
  readonly createdAt: number
  readonly posts: Post[] = []
  isPrivate = false

  constructor({ channelId, title, username }: FakeChannel, createdAt: number) {
    this.id = channelId
    this.title = title
    this.username = username
    this.createdAt = createdAt
  }

  /** The channel's own update counter: 1 at first, one more for each post. */
  get pts(): number {
    return 1 + this.posts.length
  }

  addPost(text: string, date: number): Post {
    const post = { id: this.posts.length + 1, text, date, pts: this.pts + 1 }
    this.posts.push(post)
    return post
  }
}
