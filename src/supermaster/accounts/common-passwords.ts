/**
 * The commonest passwords of 12 and more characters, and the words that common ones are made of.
 * Shorter ones are refused by length already.
 */
const WHOLE = new Set(
  `123456789012 1234567890123 12345678901234 123456789123 123456789123456 1234567891011 123123123123 123321123321
  111111111111 000000000000 222222222222 333333333333 555555555555 666666666666 777777777777 888888888888 999999999999
  112233445566 121212121212 101010101010 098765432109 987654321098 0987654321098 147258369147 159753159753 147896325147
  qwertyuiop12 qwertyuiop123 qwertyuiop1234 qwertyuiopas qwertyuiopasdf qwertyuiopasdfghjkl qwertyuiop[] qwertyqwerty
  qwerty123456 qwerty1234567 qwerty12345678 qwerty123456789 qwertyuiop123456 qwertzuiopasdf azertyuiopqs azertyuiop123
  asdfghjkl123 asdfghjkl1234 asdfghjklqwe asdfghjklzxcvbnm asdfasdfasdf asdf1234asdf asdfqwerzxcv asdfghjkl;'
  zxcvbnmasdfg zxcvbnm12345 zxcvbnm123456 zxcvbnm123456789 zxcvbnmzxcvbnm 1q2w3e4r5t6y 1q2w3e4r5t6y7u 1q2w3e4r5t6y7u8i
  1q2w3e4r5t6y7u8i9o0p q1w2e3r4t5y6 q1w2e3r4t5y6u7 1qaz2wsx3edc 1qaz2wsx3edc4rfv 1qazxsw23edc 1qaz1qaz1qaz zaq12wsxcde3
  !qaz2wsx3edc qazwsxedcrfv qazwsxedc123 qazwsx123456 1a2b3c4d5e6f a1b2c3d4e5f6 abc123abc123 abcd1234abcd abcdefghijkl
  abcdefghijklm abcdefghijklmnopqrstuvwxyz abcdef123456 abcdefg12345 abcdefgh1234 abc123456789 abcd12345678 a123456789012
  aaaaaaaaaaaa zzzzzzzzzzzz xxxxxxxxxxxx passwordpassword password1234 password12345 password123456 password1234567
  password12345678 password123456789 passw0rd1234 passw0rd12345 p@ssw0rd1234 p@ssword1234 p@ssw0rd123! p@ssword123!
  password123! password1234! password2023 password2024 password2025 password2026 mypassword12 mypassword123 thepassword1
  newpassword1 newpassword123 oldpassword1 passwordpass passpasspass adminadminadmin administrator administrator1
  administrator123 admin1234567 admin12345678 admin123456789 adminpassword rootpassword rootrootroot root12345678
  changemeplease changeme1234 changeme12345 changemenow1 changeitnow1 letmeinplease letmein12345 letmein123456
  letmeinletmein welcomewelcome welcome12345 welcome123456 welcome1234! welcome2024! welcome2025! welcome2026!
  iloveyou1234 iloveyou12345 iloveyou123456 iloveyouforever iloveyousomuch iloveyoubaby iloveyou2024 loveyouforever
  princess1234 princess12345 sunshine1234 sunshine12345 football1234 football12345 baseball1234 basketball12 basketball1
  superman1234 batman123456 spiderman123 starwars1234 pokemon12345 dragon123456 dragonball12 dragonballz1 monkey123456
  michael12345 jordan123456 charlie12345 jessica12345 liverpool123 liverpoolfc1 manchester12 manunited123 chelsea12345
  barcelona123 realmadrid12 computer1234 internet1234 samsung12345 google123456 facebook1234 microsoft123 windows12345
  ubuntu123456 debian123456 linuxlinuxlinux docker123456 kubernetes12 jupyterjupyter jupyter12345 docklet12345
  dockletdocklet docklet123456 correcthorsebatterystaple trustno1trustno1 whatever1234 blink182blink 123qweasdzxc
  123qwe123qwe qwe123qwe123 qweasdzxc123 qweqweqweqwe 123456qwerty 123456abcdef 12345qwert12 1234qwerasdf 1234qwer1234
  0123456789ab 0123456789abcdef 01234567890123456789 secretsecret secret123456 testtesttest test12345678 test123456789
  testing12345 temporary123 temp12345678 default12345 guest1234567 student12345 university12 teacher12345`
    .split(/\s+/)
    .filter(Boolean),
);

/** Is it so common, or so simple, that it would be among the first thousand tries? */
export function isCommonPassword(password: string, userName: string): boolean {
  const p = password.toLowerCase();
  if (WHOLE.has(p)) return true;
  if (new Set(p).size < 4) return true;
  // The user's own name, with nothing but digits and signs around it.
  return userName.length >= 3 && p.includes(userName) && !/\p{L}/u.test(p.replaceAll(userName, ""));
}
