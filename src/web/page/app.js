// What the server says is shown as text, never as markup. The token and the number of a login of this page are kept for
// this tab only; the token goes out as a header, and to this page's own server alone.
const keep = sessionStorage
const byId = (id) => document.getElementById(id)
const [news, nameOf, locked, loginBox, stateBox] = ['news', 'name', 'locked', 'login', 'state'].map(byId)

const fragment = /^#t=([\x21-\x7e]+)$/.exec(location.hash)
if (fragment) {
  keep.setItem('token', decodeURIComponent(fragment[1]))
  history.replaceState(null, '', location.pathname)
}

let drawn = ''
let tooOld = 0
let timer

/** An element: its name, its properties and attributes, what is in it. */
function el(tag, props = {}, ...inside) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(props))
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value)
    else if (value === true) node.setAttribute(key, '')
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value)
  node.append(...inside.filter((part) => part !== null && part !== undefined))
  return node
}

async function ask(path, body) {
  const headers = { Authorization: `Bearer ${keep.getItem('token') ?? ''}` }
  if (keep.getItem('login')) headers['X-Tgsession-Login'] = keep.getItem('login')
  if (body) headers['Content-Type'] = 'application/json'
  const answer = await fetch(path, {
    method: body ? 'POST' : 'GET',
    headers,
    body: body && JSON.stringify(body),
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  })
  const said = await answer.json()
  if (answer.ok) return said
  throw Object.assign(new Error(said.error?.message ?? 'the server refused'), {
    status: answer.status,
    ...said.error,
  })
}

function tell(text, isError = false) {
  news.className = isError ? 'error' : ''
  if (news.textContent !== text) news.textContent = text
}

function lock(text) {
  keep.removeItem('token')
  for (const box of [loginBox, stateBox]) box.hidden = true
  drawn = ''
  locked.hidden = false
  tell(text, text !== '')
  byId('token').focus()
}

byId('unlock').addEventListener('submit', (event) => {
  event.preventDefault()
  keep.setItem('token', byId('token').value.trim())
  byId('token').value = ''
  void look()
})

async function look() {
  clearTimeout(timer)
  if (!keep.getItem('token')) return lock('')
  const order = ++tooOld
  try {
    const state = await ask('/api/state')
    if (order !== tooOld) return
    if (!locked.hidden) tell('')
    locked.hidden = true
    show(state)
  } catch (error) {
    if (order !== tooOld) return
    if (error.status === 401) return lock('That token is not right.')
    if (drawn.startsWith('{"step":"done"')) return
    tell(
      error.status === 429
        ? 'Too many wrong tokens were tried; wait a few seconds.'
        : 'The server does not answer; trying again.',
      true,
    )
  }
  timer = setTimeout(look, document.hidden ? 5000 : 1500)
}

/** Sends what a person did, and shows what came of it. */
async function act(path, body) {
  clearTimeout(timer)
  tooOld++
  for (const button of loginBox.querySelectorAll('button')) button.disabled = true
  try {
    const said = await ask(path, body)
    if (said.flow) keep.setItem('login', said.flow)
    tell('')
  } catch (error) {
    tell(`${sentence(error.message)} ${error.hint ?? ''}`, true)
    for (const button of loginBox.querySelectorAll('button')) button.disabled = false
  }
  void look()
}

function sentence(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`
}

function show(state) {
  nameOf.textContent = `${state.name} in ${state.store}`
  if (news.textContent.startsWith('The server does not')) tell('')
  const view = state.login ?? (state.mayLogIn ? { step: 'choose', replaces: state.replaces } : null)
  const key = JSON.stringify(view)
  if (key !== drawn) {
    drawn = key
    loginBox.replaceChildren(...(view ? VIEWS[view.step](view, state) : []))
    loginBox.hidden = view === null
    loginBox.querySelector('[data-focus]')?.focus()
  }
  stateBox.replaceChildren(...describe(state))
  stateBox.hidden = false
}

const back = (text = 'Cancel') =>
  el('button', { type: 'button', class: 'quiet', onclick: () => act('/api/cancel', {}) }, text)
const heading = (text) => el('h2', { tabindex: '-1' }, text)

function form(send, ...inside) {
  return el('form', { onsubmit: (event) => (event.preventDefault(), send(event.target)) }, ...inside)
}

function question({ title, label, hint, error, input, send, also = [] }) {
  const field = el('input', {
    id: 'answer',
    name: 'answer',
    required: true,
    'data-focus': true,
    'aria-describedby': 'why',
    'aria-invalid': error ? 'true' : null,
    autocapitalize: 'off',
    spellcheck: 'false',
    ...input,
  })
  return [
    heading(title),
    form(
      ({ answer }) => send(answer.value),
      el('label', { for: 'answer' }, label),
      field,
      el(
        'p',
        { id: 'why', class: error ? 'error' : 'hint', role: error ? 'alert' : null },
        [error && sentence(error), hint].filter(Boolean).join(' '),
      ),
      el('button', {}, 'Continue'),
      ...also,
      back(),
    ),
  ]
}

const small = matchMedia('(max-width: 40rem)').matches

/** Begins the login that was chosen. */
function begin({ kind, value }) {
  const given = value?.value ?? ''
  void act(
    '/api/login',
    { qr: { kind: 'qr' }, phone: { kind: 'phone', phone: given }, bot: { kind: 'bot', token: given } }[
      kind.value
    ],
  )
}

const VIEWS = {
  choose({ replaces }) {
    const ways = [
      ['phone', 'Phone number', 'Telegram sends a code to your Telegram app'],
      ['qr', 'QR code', 'Scan it with Telegram on your phone; this page must be on another screen'],
      ['bot', 'Bot token', 'For a bot of @BotFather'],
    ]
    if (!small) ways.unshift(...ways.splice(1, 1))
    const [first] = ways
    const fields = el('div', {})
    const choose = (kind) => fields.replaceChildren(...FIELDS[kind]())
    const radios = ways.map(([kind, title, text]) =>
      el(
        'label',
        { class: 'choice' },
        el('input', {
          type: 'radio',
          name: 'kind',
          value: kind,
          checked: kind === first[0],
          onchange: () => choose(kind),
        }),
        el('span', {}, title, el('small', {}, text)),
      ),
    )
    choose(first[0])
    return [
      heading('Log in to Telegram'),
      replaces ? el('p', { class: 'error' }, 'A good session is stored. A new login takes its place.') : null,
      form(
        (target) => begin(target.elements),
        el('fieldset', {}, el('legend', {}, 'How do you want to log in?'), ...radios),
        fields,
        el('button', {}, 'Log in'),
      ),
    ].filter(Boolean)
  },
  asking: () => [heading('Log in to Telegram'), el('p', { class: 'busy' }, 'Asking Telegram…'), back()],
  qr({ qr }) {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
    const path = document.createElementNS('http://www.w3.org/2000/svg', 'path')
    for (const [key, value] of Object.entries({
      viewBox: `0 0 ${qr.size} ${qr.size}`,
      class: 'qr',
      role: 'img',
      'aria-label': 'QR code for Telegram',
      'shape-rendering': 'crispEdges',
    }))
      svg.setAttribute(key, value)
    path.setAttribute('d', qr.path)
    svg.append(path)
    const steps = [
      'Open Telegram on your phone.',
      'Settings > Devices > Link Desktop Device.',
      'Point the camera at this code. It changes by itself.',
    ]
    return [heading('Scan this code'), el('ol', {}, ...steps.map((step) => el('li', {}, step))), svg, back()]
  },
  code: ({ ask: number, sentTo, length, lastError, resend }) =>
    question({
      title: 'Enter the code',
      label: `Code${length ? ` (${length} characters)` : ''}`,
      hint: `Telegram sent it to ${sentTo}. Do not send it to anyone in a Telegram chat: it expires then.`,
      error: lastError,
      input: { inputmode: length ? 'numeric' : 'text', autocomplete: 'one-time-code' },
      send: (text) => act('/api/answer', { ask: number, text }),
      also: resend
        ? [
            el(
              'button',
              { type: 'button', class: 'quiet', onclick: () => act('/api/resend', { ask: number }) },
              `Send another ${resend.next}`,
            ),
          ]
        : [],
    }),
  password: ({ ask: number, hint, lastError }) =>
    question({
      title: 'Two-step verification',
      label: 'Password',
      hint: hint
        ? `Your own hint: ${hint}`
        : 'The password that you set in Telegram under Settings > Privacy and Security.',
      error: lastError,
      input: { type: 'password', autocomplete: 'off' },
      send: (text) => act('/api/answer', { ask: number, text }),
    }),
  storing: ({ trouble }) => [
    heading('Logged in'),
    el('p', { class: 'busy' }, 'Storing the session…'),
    trouble
      ? el(
          'p',
          { class: 'error', role: 'alert' },
          `${sentence(trouble)} It is tried again; leave this running.`,
        )
      : '',
  ],
  done: ({ user, told }) => [
    heading('Logged in'),
    el(
      'p',
      { class: 'good' },
      `As ${user.name}${user.username ? ` (@${user.username})` : ''}. The session is stored; no other login is needed.`,
    ),
    ...told.map((line) => el('p', { class: 'note' }, line)),
    el(
      'p',
      { class: 'note' },
      'Telegram tells the account of a new login; it is this one. You can close this page, and on Heroku scale the web process to 0.',
    ),
  ],
  failed: ({ error, told }, { mayLogIn, replaces }) => [
    heading('The login did not work'),
    el('p', { class: 'error', role: 'alert' }, sentence(error.message)),
    el('p', { class: 'hint' }, error.hint),
    ...told.map((line) => el('p', { class: 'note' }, line)),
    mayLogIn
      ? el('button', { type: 'button', 'data-focus': true, onclick: () => again(replaces) }, 'Start again')
      : '',
  ],
  busy: () => [
    heading('A login goes on'),
    el('p', {}, 'Another page began it. It ends there, or ten minutes after that page was closed.'),
  ],
}

const FIELDS = {
  qr: () => [],
  phone: () => [
    el('label', { for: 'value' }, 'Phone number, with the country code'),
    el('input', {
      id: 'value',
      name: 'value',
      type: 'tel',
      autocomplete: 'tel',
      placeholder: '+44 7700 900123',
      required: true,
    }),
  ],
  bot: () => [
    el('label', { for: 'value' }, 'Bot token'),
    el('input', {
      id: 'value',
      name: 'value',
      type: 'password',
      autocomplete: 'off',
      autocapitalize: 'off',
      spellcheck: 'false',
      required: true,
    }),
  ],
}

/** Shows the choice in place of what went wrong; the number of the old login is of no use any more. */
function again() {
  keep.removeItem('login')
  drawn = ''
  void look()
}

const date = (iso) => (iso ? new Date(iso).toLocaleString() : '')
const size = (bytes) =>
  bytes < 1024 * 1024
    ? `${Math.max(1, Math.round(bytes / 1024))} KiB`
    : `${(bytes / 1024 / 1024).toFixed(1)} MiB`

function describe({ head, trouble, run }) {
  const rows = []
  const row = (name, value, kind) =>
    value !== null && value !== '' && rows.push(el('dt', {}, name), el('dd', { class: kind }, value))
  if (trouble) row('Store', `${sentence(trouble.message)} ${trouble.hint}`, 'error')
  if (run)
    row(
      'Command',
      run.waitingFor === null ? 'Runs with the session' : sentence(run.waitingFor),
      run.waitingFor === null ? 'good' : null,
    )
  if (head) {
    const { session, dead, holder, revisions, quarantined, logins, events, notice, loginBlockedUntil } = head
    row(
      'Session',
      session ? (dead ? `Dead (${dead.why}). ${dead.advice}` : 'Stored') : 'None yet: log in',
      dead ? 'error' : session ? 'good' : null,
    )
    if (session) {
      row('Account', session.userId ? `User ${session.userId}` : 'Unknown')
      row(
        'Last save',
        `Revision ${session.revision}, ${size(session.bytes)}, ${date(session.savedAt)} by ${session.savedBy}`,
      )
      row('Key', session.key)
    }
    row(
      'In use',
      holder
        ? `By ${holder.label} since ${date(holder.since)}; its lease moved ${holder.movedSecondsAgo} s ago`
        : 'By nobody',
    )
    row('Revisions', String(revisions))
    row('No login before', date(loginBlockedUntil), 'error')
    row('Notice', notice ?? '')
    if (quarantined.length)
      row(
        'Quarantined',
        el('ul', {}, ...quarantined.map((one) => el('li', {}, `Revision ${one.revision}: ${one.reason}`))),
      )
    if (events.length)
      row(
        'Events',
        el('ul', {}, ...events.toReversed().map((one) => el('li', {}, `${date(one.at)}: ${one.code}`))),
      )
    if (logins.length)
      row(
        'Logins',
        el(
          'ul',
          {},
          ...logins.toReversed().map((one) => el('li', {}, `${date(one.at)} by ${one.by}: ${one.outcome}`)),
        ),
      )
  }
  return [el('h2', {}, 'State'), el('dl', {}, ...rows)]
}

void look()
