/**
 * Whether a password is one that everybody guesses first. A list of whole passwords would need millions of lines for the
 * variants of a few thousand habits, so the habits are taken away instead: what is left is what the owner thought of.
 */

/** What a password must still hold once everything that guessing programs try first is taken out of it. */
const remainderMin = 5

/** Words that passwords are made of again and again (from the word lists that guessing programs start with). */
const words = [
  'password passwort passwd passcode passphrase kennwort contrasena motdepasse parola senha haslo wachtwoord losenord',
  'welcome willkommen bienvenue changeme change changeit letmein letme opensesame default temporary temp secret geheim',
  'private secure security access login logon signin account user username guest admin administrator root superuser sysadmin',
  'system server service manager master supervisor operator oracle cisco linux windows microsoft google facebook twitter',
  'instagram amazon youtube netflix android iphone apple samsung nokia docker container registry kubernetes harbor berth',
  'github gitlab jenkins database mysql postgres redis backup monitor network internet computer laptop keyboard office company',
  'business testing tester test demo example sample hello goodbye please thankyou thanks iloveyou iloveu loveyou love lover',
  'forever always baby babygirl babyboy honey sweetheart sweety sweetie darling angel angels princess prince queen king princesa',
  'sunshine rainbow flower flowers butterfly sunflower summer winter spring autumn monday tuesday wednesday thursday friday',
  'saturday sunday january february march april june july august september october november december birthday christmas',
  'dragon monkey tiger lion eagle falcon panther wolf bear shadow phoenix dolphin horse kitten kitty puppy doggy chicken turtle',
  'batman superman spiderman ironman wolverine starwars startrek matrix pokemon pikachu naruto minecraft fortnite warcraft',
  'football baseball basketball soccer hockey tennis golf fussball liverpool arsenal chelsea barcelona juventus manchester',
  'united yankees lakers cowboys steelers patriots eagles chicago boston london berlin paris madrid newyork america england',
  'germany france canada india china russia mexico brazil michael jordan jennifer jessica ashley daniel andrew thomas robert',
  'anthony charlie matthew joshua joseph william richard michelle nicole samantha amanda elizabeth alexander alexandra victoria',
  'hannah maria george david john james steven patrick maggie ginger pepper cookie chocolate cheese banana orange apple cherry',
  'coffee whiskey vodka freedom liberty peace happy lucky money million dollar diamond silver golden gold platinum crystal',
  'mercedes ferrari porsche corvette mustang harley yamaha honda toyota camaro hunter killer ninja warrior soldier fighter',
  'ranger gangster gangsta player gamer hacker cheater trustno whatever nothing something anything everything nobody somebody',
  'fuckyou fuckoff fucker fuck asshole bitch pussy sexy sexsex blowjob hardcore jesus christ jesuschrist heaven blessed faith',
  'metallica nirvana slipknot eminem beatles music guitar pianoman rockstar rocknroll starlight moonlight midnight blackcat',
  'correcthorsebatterystaple correcthorse batterystaple trustnoone thisisapassword thisismy myname thisis mypassword yourpassword',
  'abcabc asdasd qweqwe zxczxc qazwsx wsxedc qazxsw zaqwsx wasd asdf jkl qwe asd zxc qaz wsx edc rfv abc xyz foobar foo bar baz',
  'lorem ipsum dolor loremipsum sitamet',
]
  .flatMap((line) => line.split(' '))
  // The longest first, so that `passwordpassword` is not cut at a shorter word.
  .sort((a, b) => b.length - a.length)

/** Whole passwords of twelve characters and more that the rules below would let pass. */
const whole = new Set([
  'unbelievable',
  'qwertyasdfgh',
  'whatsthepass',
  'imissyousomuch',
  'ihatepasswords',
  'ihatethisjob',
  'nottellingyou',
  'icantremember',
  'donotforgetit',
  'dontforgetme',
  'idontremember',
  'maytheforcebewithyou',
  'tobeornottobe',
  'openthedoorplease',
  'itsasecretshh',
  'onceuponatime',
  'nevergonnagiveyouup',
  'supercalifragilisticexpialidocious',
  'antidisestablishmentarianism',
  'hakunamatata',
  'abracadabra',
  'alohomora',
  'winteriscoming',
  'callofduty',
  'leagueoflegends',
  'grandtheftauto',
  'worldofwarcraft',
  'harrypotter',
  'lordoftherings',
  'linkinpark',
  'redhotchilipeppers',
  'teenagemutantninjaturtles',
])

/** Rows and columns of keyboards, and what is counted off: four in a row, either way, are no thought. */
const sequences = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'yxcvbnm',
  'wxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
  'a1b2c3d4e5f6g7h8i9',
  '1a2b3c4d5e6f7g8h9i',
  '!@#$%^&*()',
  '!"§$%&/()=',
].flatMap((row) => [row, Array.from(row).toReversed().join('')])
const sequenceMin = 4
const sequenceMax = 36

const leet: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '9': 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
  '€': 'e',
}

/** `password` is as the user chose it, of at most 256 bytes. Costs less than a millisecond. */
export function isCommonPassword(password: string): boolean {
  const plain = password.normalize('NFKC').toLowerCase()
  const core = withoutEnding(plain)
  // A digit may be a digit or stand for a letter, and `1` stands for two.
  const readings = [plain, unleet(plain), unleet(core), unleet(core.replaceAll('1', 'l'))]
  return readings.some(
    (reading) => whole.has(lettersOf(reading)) || remainderOf(reading).length < remainderMin,
  )
}

function unleet(text: string): string {
  return Array.from(text, (letter) => leet[letter] ?? letter).join('')
}

function lettersOf(text: string): string {
  return text.replaceAll(/[^\p{L}]/gu, '')
}

/** Without the digits and signs at the end that make a word pass for a password elsewhere: `2024!!`. */
function withoutEnding(text: string): string {
  return text.replace(/[\d\p{P}\p{S}]{1,6}$/u, '')
}

/** What is left without sequences, repetitions, words that are guessed first and years. */
function remainderOf(text: string): string {
  let rest = text.replaceAll(/\s+/g, '')
  rest = withoutSequences(rest)
  rest = rest.replaceAll(/(.)\1{2,}/gu, '$1')
  rest = withoutRepetition(rest)
  rest = rest.replaceAll(/(?:19|20)\d\d/g, '')
  for (const word of words) rest = rest.replaceAll(word, '')
  return withoutRepetition(rest)
}

function withoutSequences(text: string): string {
  let rest = ''
  let index = 0
  while (index < text.length) {
    const length = sequenceAt(text, index)
    if (length === 0) rest += text[index]
    index += length || 1
  }
  return rest
}

/** How many characters from `start` on are counted off somewhere; 0 for fewer than four. */
function sequenceAt(text: string, start: number): number {
  let longest = sequenceMin - 1
  for (const row of sequences) {
    while (
      longest < sequenceMax &&
      start + longest < text.length &&
      row.includes(text.slice(start, start + longest + 1))
    ) {
      longest += 1
    }
  }
  return longest < sequenceMin ? 0 : longest
}

/** `abcxabcxabcx` counts as `abcx`. */
function withoutRepetition(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.length % length !== 0) continue
    const part = text.slice(0, length)
    if (part.repeat(text.length / length) === text) return part
  }
  return text
}
