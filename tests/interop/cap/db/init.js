// Deterministic rows: several pages (a page is 1,000 rows) and the values that are easily damaged.
// Decimals stay within 15 digits: this server keeps them as doubles.

const ACCOUNTS = 2500
const ORDERS = 2500
const LINES_OF_FIRST_ORDERS = 400

const guid = (kind, n) => `${kind}0000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const text = n => String(n).padStart(6, '0')
const day = n => new Date(Date.UTC(2024, 0, 1) + n * 86_400_000).toISOString()
const unless = (skipped, value) => (skipped ? null : value)

const account = n => ({
  ID: guid('a', n),
  accountNumber: `A-${text(n)}`,
  name: ["O'Neil & Sons", 'Žluťoučký kůň, s.r.o.', '株式会社 東京', 'Plain "quoted" Ltd.'][n % 4] + ` ${n}`,
  parent_ID: unless(n % 5 || n === 0, guid('a', Math.floor(n / 5))),
  address_street: unless(n % 7 === 0, `${n} Main Street`),
  address_city: ['Brno', 'Praha', 'Zürich'][n % 3],
  createdAt: '2024-01-01T00:00:00.000Z',
  modifiedAt: day(n % 365).replace('.000Z', `.${String(n % 1000).padStart(3, '0')}Z`)
})

const order = n => ({
  ID: guid('b', n),
  orderNumber: `O-${text(n)}`,
  account_ID: unless(n % 11 === 0, guid('a', n % ACCOUNTS)),
  status: ['open', 'done', 'cancelled'][n % 3],
  amount: unless(n % 13 === 0, `${n * 7 - 4000}.${String(n % 100).padStart(2, '0')}`),
  rate: `${n}.000${n % 10}5`,
  quantity: `${n}.${n % 4}25`,
  serial: String(9007199254740993n + BigInt(n) * 1_000_003n),
  pieces: n % 9 - 4,
  weight: n / 3,
  urgent: [true, false, null][n % 3],
  dueDate: unless(n % 6 === 0, day(n % 400).slice(0, 10)),
  startTime: `${String(n % 24).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}:07`,
  promisedAt: day(n % 400).replace('.000Z', 'Z'),
  recordedAt: day(n % 400).replace('.000Z', `.${String(n % 1000).padStart(3, '0')}Z`),
  note: unless(n % 2, `Line one of ${n}\nline two\ttab, "quotes", 'apostrophes', \\ and 100 % / ünï©ode 😀`),
  createdAt: '2024-01-01T00:00:00.000Z',
  modifiedAt: day(n % 365).replace('.000Z', `.${String(n % 1000).padStart(3, '0')}Z`)
})

const line = n => ({
  order_ID: guid('b', Math.floor(n / 3)),
  position: (n % 3) + 1,
  text: `Line ${n}`,
  price: `${n}.${String(n % 100).padStart(2, '0')}`
})

const ARTICLES = [
  "O'Neil", "''", 'A/B', 'A%2FB', '100 %', 'a b', ' lead', 'a+b', 'a&b=c', '#1', 'why?', 'x,y', '(z)', '"q"',
  'back\\slash', 'Straße', 'žluťoučký', '東京', '😀', 'semi;colon', "it's / all & here #1?"
]

const rows = (count, make) => Array.from({ length: count }, (_, n) => make(n))

module.exports = async tx => {
  const { Accounts, Orders, OrderLines, Articles } = tx.model.entities('tandem.interop')
  await tx.run(INSERT.into(Accounts).entries(rows(ACCOUNTS, account)))
  await tx.run(INSERT.into(Orders).entries(rows(ORDERS, order)))
  await tx.run(INSERT.into(OrderLines).entries(rows(LINES_OF_FIRST_ORDERS * 3, line)))
  await tx.run(INSERT.into(Articles).entries(ARTICLES.map((code, n) => ({ code, name: `Article ${n}` }))))
}
