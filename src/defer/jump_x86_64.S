/* See jump.h. The jumps are `notrack`, so that they are legal under indirect branch tracking without
 * a landing mark; the entries carry one. */
	.text

	.globl	lgi_save
#ifdef LGI_HIDDEN
	.hidden	lgi_save
#endif
	.type	lgi_save, @function
	.p2align 4
lgi_save:
	.cfi_startproc
	endbr64
	movq	(%rsp), %rdx
	leaq	8(%rsp), %rcx
	movq	%rbx, 0(%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	movq	%rcx, 48(%rdi)
	movq	%rdx, 56(%rdi)
	xorl	%eax, %eax
	ret
	.cfi_endproc
	.size	lgi_save, .-lgi_save

	.globl	lgi_jump
	.hidden	lgi_jump
	.type	lgi_jump, @function
	.p2align 4
lgi_jump:
	.cfi_startproc
	endbr64
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	48(%rdi), %rsp
	movl	$1, %eax
	notrack jmp	*56(%rdi)
	.cfi_endproc
	.size	lgi_jump, .-lgi_jump

	.globl	lgi_land
	.hidden	lgi_land
	.type	lgi_land, @function
	.p2align 4
lgi_land:
	.cfi_startproc
	endbr64
	movq	%rsi, %rax
	movq	0(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movq	56(%rdi), %rcx
	movq	48(%rdi), %rsp	/* last: the words lie on the stack that is given up */
	xorl	%edx, %edx
	notrack jmp	*%rcx
	.cfi_endproc
	.size	lgi_land, .-lgi_land

	.globl	lgi_jump_gcc
	.hidden	lgi_jump_gcc
	.type	lgi_jump_gcc, @function
	.p2align 4
lgi_jump_gcc:
	.cfi_startproc
	endbr64
	movq	0(%rdi), %rbp
	movq	8(%rdi), %rdx
	movq	16(%rdi), %rsp
	notrack jmp	*%rdx
	.cfi_endproc
	.size	lgi_jump_gcc, .-lgi_jump_gcc

	.globl	lgi_with_frame
	.hidden	lgi_with_frame
	.type	lgi_with_frame, @function
	.p2align 4
lgi_with_frame:
	.cfi_startproc
	endbr64
	movq	(%rsp), %rdx
	leaq	8(%rsp), %rcx
	subq	$72, %rsp
	.cfi_adjust_cfa_offset 72
	movq	%rbx, 0(%rsp)
	movq	%rbp, 8(%rsp)
	movq	%r12, 16(%rsp)
	movq	%r13, 24(%rsp)
	movq	%r14, 32(%rsp)
	movq	%r15, 40(%rsp)
	movq	%rcx, 48(%rsp)
	movq	%rdx, 56(%rsp)
	movq	%rsi, %rax
	movq	%rsp, %rsi
	call	*%rax
	addq	$72, %rsp
	.cfi_adjust_cfa_offset -72
	ret
	.cfi_endproc
	.size	lgi_with_frame, .-lgi_with_frame

	.section .note.GNU-stack, "", @progbits

	/* This file is ready for IBT and, having no effect on them, for shadow stacks only as far as glibc
	   is: only the first is claimed. */
	.section .note.gnu.property, "a"
	.p2align 3
	.long	4, 16, 5
	.asciz	"GNU"
	.long	0xc0000002, 4, 1, 0
