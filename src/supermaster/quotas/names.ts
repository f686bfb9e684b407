import { randomBytes } from "node:crypto";

const ADJECTIVES =
  `able amber ample bold brave bright brisk calm civil clear clever cool coral cosy crisp deft eager early fair fast fine
  fleet fond fresh gentle glad golden good grand green happy hardy humble jolly keen kind lively lucid lucky mellow merry
  mild misty neat nimble noble patient plain polite proud quick quiet rapid ready rosy round rustic sage silver simple
  smart smooth snug solid spry steady still sunny sure swift tidy true vivid warm wise witty young`.split(/\s+/);
const NOUNS =
  `acorn alder aspen badger bay beech birch brook cedar cloud clover comet condor coral crane creek delta dune eagle egret
  elm falcon fern field finch fjord forest fox garden glade grove gull harbor hawk hazel heron hill island jay juniper lake
  lark laurel leaf linden lynx maple marsh meadow moon moss mountain oak ocean orchid osprey otter owl pebble pine plum
  pond poplar prairie quail raven reed reef ridge river robin rowan sail sea shore sky sparrow spring spruce star stone
  stream summit swan thistle thrush tide trail valley wave willow wind wolf wren`.split(/\s+/);

/** A pleasant name that `taken` does not know: adjective-noun, with a number only when luck runs out. */
export function pleasantName(taken: (name: string) => boolean): string {
  for (let tries = 0; ; tries++) {
    const random = randomBytes(4);
    const name = `${ADJECTIVES[random.readUInt16BE(0) % ADJECTIVES.length]}-${NOUNS[random.readUInt16BE(2) % NOUNS.length]}`;
    const candidate = tries < 10 ? name : `${name}-${tries}`;
    if (!taken(candidate)) return candidate;
  }
}
