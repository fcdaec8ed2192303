/* See jump.h. `bti j` need not stand at the landings: a `br x16` may go to any `bti c` or unprotected
 * place, and the compilers put a mark after calls that return twice. */
	.text

/* From the words at x0: all registers but the stack pointer, which goes to x2, and the place to go on, which goes to x16. */
	.macro	load_saved
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
	.endm

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
	load_saved
	mov	sp, x2
	mov	x30, x16
	mov	w0, #1
	br	x16
	.cfi_endproc
	.size	lgi_jump, .-lgi_jump

	.globl	lgi_land
	.hidden	lgi_land
	.type	lgi_land, %function
	.p2align 4
lgi_land:
	.cfi_startproc
	hint	#34
	load_saved
	mov	sp, x2		/* last: the words lie on the stack that is given up */
	mov	x0, x1
	mov	x1, #0
	br	x16
	.cfi_endproc
	.size	lgi_land, .-lgi_land

	.globl	lgi_with_frame
	.hidden	lgi_with_frame
	.type	lgi_with_frame, %function
	.p2align 4
lgi_with_frame:
	.cfi_startproc
	hint	#34
	mov	x2, sp
	stp	x29, x30, [sp, #-192]!
	.cfi_def_cfa_offset 192
	.cfi_offset 29, -192
	.cfi_offset 30, -184
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	stp	x29, x30, [sp, #96]
	str	x2, [sp, #112]
	stp	d8, d9, [sp, #120]
	stp	d10, d11, [sp, #136]
	stp	d12, d13, [sp, #152]
	stp	d14, d15, [sp, #168]
	mov	x2, x1
	add	x1, sp, #16
	mov	x29, sp
	blr	x2
	ldp	x29, x30, [sp], #192
	.cfi_restore 29
	.cfi_restore 30
	.cfi_def_cfa_offset 0
	ret
	.cfi_endproc
	.size	lgi_with_frame, .-lgi_with_frame

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
