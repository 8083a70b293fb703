import { summary } from './call.js'

document.body.textContent = await summary(location.origin)
