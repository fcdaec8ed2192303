/* See jump.h. `bti j` need not stand at the landings: a `br x16` may go to any `bti c` or unprotected
 * place, and the compilers put a mark after calls that return twice. */
	.text

	.globl	lgi_save
#ifdef LGI_HIDDEN
	.hidden	lgi_save
#endif
	.type	lgi_save, %function
	.p2align 4
lgi_save:
	.cfi_startproc
	hint	#34 /* bti c */
	mov	x2, sp
	stp	x19, x20, [x0, #0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	stp	x29, x30, [x0, #80]
	str	x2, [x0, #96]
	stp	d8, d9, [x0, #104]
	stp	d10, d11, [x0, #120]
	stp	d12, d13, [x0, #136]
	stp	d14, d15, [x0, #152]
	mov	w0, #0
	ret
	.cfi_endproc
	.size	lgi_save, .-lgi_save

	.globl	lgi_jump
	.hidden	lgi_jump
	.type	lgi_jump, %function
	.p2align 4
lgi_jump:
	.cfi_startproc
	hint	#34
	ldp	x19, x20, [x0, #0]
	ldp	x21, x22, [x0, #16]
	ldp	x23, x24, [x0, #32]
	ldp	x25, x26, [x0, #48]
	ldp	x27, x28, [x0, #64]
	ldp	x29, x16, [x0, #80]
	ldr	x2, [x0, #96]
	ldp	d8, d9, [x0, #104]
	ldp	d10, d11, [x0, #120]
	ldp	d12, d13, [x0, #136]
	ldp	d14, d15, [x0, #152]
	mov	sp, x2
	mov	x30, x16
	mov	w0, #1
	br	x16
	.cfi_endproc
	.size	lgi_jump, .-lgi_jump

	.globl	lgi_jump_gcc
	.hidden	lgi_jump_gcc
	.type	lgi_jump_gcc, %function
	.p2align 4
lgi_jump_gcc:
	.cfi_startproc
	hint	#34
	ldr	x29, [x0, #0]
	ldr	x16, [x0, #8]
	ldr	x2, [x0, #16]
	mov	sp, x2
	br	x16
	.cfi_endproc
	.size	lgi_jump_gcc, .-lgi_jump_gcc

	.section .note.GNU-stack, "", %progbits

	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000000, 4, 1, 0	/* BTI */
