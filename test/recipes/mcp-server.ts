// A stand-in for an MCP server over stdio: JSON-RPC, one message a line, and a session string in a variable of its own.
import { createInterface } from 'node:readline'

const session = process.env['TELEGRAM_SESSION_STRING'] ?? ''
process.stderr.write(`server: started with a string of ${session.length} characters\n`)
for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line)
  const result =
    method === 'initialize' ? { protocolVersion: '2025-06-18', capabilities: {} } : { echo: params }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, result })}\n`)
}
