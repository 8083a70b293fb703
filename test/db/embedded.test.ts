import { it } from 'vitest'

it.todo('ends with the last process that uses it')
