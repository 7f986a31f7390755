import type { Peer, PortableSession } from './formats/portable-session.ts'

/**
 * The session with what its own file has no place for, from older files of the same login, the newest first: names and
 * further usernames of its peers, sent files, keys of other data centres, a takeout, the address, the bot flag.
 */
export function withOlder(session: PortableSession, older: readonly PortableSession[]): PortableSession {
  return older.reduce(merged, session)
}

function merged(session: PortableSession, older: PortableSession): PortableSession {
  const known = new Map(older.entities.map((peer) => [peer.id, peer]))
  const home = session.dcId === older.dcId && session.serverAddress === undefined ? older : session
  return {
    ...session,
    serverAddress: home.serverAddress,
    port: home.port,
    takeoutId: session.takeoutId ?? older.takeoutId,
    userId: session.userId ?? older.userId,
    isBot: session.isBot ?? older.isBot,
    apiId: session.apiId ?? older.apiId,
    mediaDc: session.mediaDc ?? older.mediaDc,
    otherKeys: new Map([...older.otherKeys, ...session.otherKeys].filter(([dc]) => dc !== session.dcId)),
    entities: session.entities.map((peer) => mergedPeer(peer, known.get(peer.id))),
    sentFiles: session.sentFiles.length > 0 ? session.sentFiles : older.sentFiles,
    updateStates: session.updateStates.size > 0 ? session.updateStates : older.updateStates,
  }
}

function mergedPeer(peer: Peer, older: Peer | undefined): Peer {
  if (older === undefined) return peer
  const { moreUsernames = older.moreUsernames, type = older.type } = peer
  return {
    ...peer,
    name: peer.name ?? older.name,
    phone: peer.phone ?? older.phone,
    ...(type !== undefined && { type }),
    // Names that went with another username tell nothing about this one.
    ...(moreUsernames !== undefined && peer.username === older.username && { moreUsernames }),
  }
}
